import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { readAccounts } from '../accounts.ts'
import { layOutContainers } from '../containers/lay-out-containers.ts'
import { readSettings } from '../settings.ts'

const usage = `Lays out secrets, the realm and the settings of Keycloak for the containers of infra/compose.yaml or, with --scale,
of infra/compose.scale.yaml, or, with --active-directory, of infra/compose.active-directory.yaml on top of the first.

  … | node packages/local-stack/src/cli/lay-out-containers.ts --folder FOLDER [options]

  --folder FOLDER     where to; secrets that are there already are kept
  --scale             several nodes behind a proxy, over TLS, with an authority of their own
  --cluster NAMESPACE the same for a cluster, where infra/helm/try-in-cluster.sh installs the chart into this namespace
  --active-directory  a domain controller behind Keycloak in place of the corporate IdP
  --owner UID:GID     who the parts run as
  --help              this text

Standard input: {"accounts":[{"username","password","groups"}]}. PORT_BASE and REALM_PROFILE as for pnpm dev.
`

try {
  const { values } = parseArgs({
    options: {
      folder: { type: 'string' },
      scale: { type: 'boolean', default: false },
      cluster: { type: 'string' },
      'active-directory': { type: 'boolean', default: false },
      owner: { type: 'string' },
      help: { type: 'boolean' },
    },
  })
  if (values.help) process.stdout.write(usage)
  else await run(values)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\nSee lay-out-containers.ts --help.\n`)
  process.exitCode = 2
}

interface Values {
  folder?: string
  scale: boolean
  cluster?: string
  'active-directory': boolean
  owner?: string
}

async function run({ folder, scale, cluster, 'active-directory': hasDomain, owner }: Values): Promise<void> {
  if (!folder) throw new TypeError('--folder must be given')
  const settings = readSettings(process.env)
  const file = await layOutContainers({
    folder,
    portBase: settings.portBase,
    realmProfile: settings.realmProfile,
    scale: cluster ? { namespace: cluster } : scale ? 'several' : 'one',
    ...(hasDomain ? { directory: 'active-directory' as const } : {}),
    accounts: readAccounts(JSON.parse(readFileSync(0, 'utf8'))),
    ...(owner ? { owner: readOwner(owner) } : {}),
  })
  process.stdout.write('DEVELOPMENT: published passwords, secrets beside each other. Never reachable by others.\n')
  process.stdout.write(`Laid out for ${file.urls.console}, ${file.accounts.length} accounts\n`)
}

function readOwner(text: string): { uid: number; gid: number } {
  const [, uid, gid] = /^(\d+):(\d+)$/.exec(text) ?? []
  if (uid === undefined || gid === undefined) throw new TypeError(`--owner must be UID:GID, found ${text}`)
  return { uid: Number(uid), gid: Number(gid) }
}
