import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { buildRealm } from '../build-realm.ts'
import { defaultPortBase, developmentSettings } from '../development-settings.ts'
import type { RealmSettings } from '../settings.ts'

const usage = `Prints the realm as JSON, ready for Keycloak's import folder.

  node packages/keycloak-realm/src/cli/write-realm.ts [options] > company-realm.json

  --settings FILE       realm settings as JSON (see RealmSettings); without it, the development settings
  --port-base PORT      first port of the development stack (default ${defaultPortBase})
  --service-jwks FILE   public key set of the service client
  --profile NAME        stable (default) or preview
  --help                this text
`

process.exitCode = writeRealm()

function writeRealm(): number {
  try {
    const { values } = parseArgs({
      options: {
        settings: { type: 'string' },
        'port-base': { type: 'string' },
        'service-jwks': { type: 'string' },
        profile: { type: 'string' },
        help: { type: 'boolean' },
      },
    })
    process.stdout.write(values.help ? usage : `${JSON.stringify(buildRealm(readSettings(values)), undefined, 2)}\n`)
    return 0
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\nSee write-realm.ts --help.\n`)
    return 2
  }
}

function readSettings(options: {
  settings?: string
  'port-base'?: string
  'service-jwks'?: string
  profile?: string
}): RealmSettings {
  const settings = options.settings
    ? (readJson(options.settings) as RealmSettings)
    : developmentSettings(readPort(options['port-base']))
  return {
    ...settings,
    ...(options['service-jwks']
      ? { serviceJwks: readJson(options['service-jwks']) as RealmSettings['serviceJwks'] }
      : {}),
    ...(options.profile ? { profile: readProfile(options.profile) } : {}),
  }
}

function readProfile(profile: string): RealmSettings['profile'] {
  if (profile === 'stable' || profile === 'preview') return profile
  throw new TypeError(`--profile must be stable or preview, found ${profile}`)
}

function readPort(text: string | undefined): number {
  const port = text === undefined ? defaultPortBase : Number(text)
  if (Number.isInteger(port) && port > 0 && port <= 65_531) return port
  throw new TypeError(`--port-base must be a port from 1 to 65531, found ${text}`)
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new TypeError(`${path} must be a readable JSON file`, { cause: error })
  }
}
