import {x} from '../../token-verifier/src/index.ts'; console.log(x)
