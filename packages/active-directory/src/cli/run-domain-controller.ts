import { spawn } from 'node:child_process'
import { chmodSync, chownSync, copyFileSync, mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { controllerName, prepareDomainController, seedDomain, waitForDomain } from '../domain-controller/index.ts'

const usage = `Runs the domain controller of the sample company in the foreground, for a container that is its own machine.

  node packages/active-directory/src/cli/run-domain-controller.ts DATA GIVEN

  DATA    folder of the domain, which is made at the first start; its owner may read the administrator's password
  GIVEN   folder with authority.pem, server.pem, server-key.pem and reader-password

Development only: passwords that everybody knows. Needs Samba, and root.
`

const [data, given] = process.argv.slice(2)
if (data === undefined || given === undefined) {
  process.stderr.write(usage)
  process.exit(2)
}
try {
  await run(data, given)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}

async function run(folder: string, from: string): Promise<void> {
  const { controller, command, args } = await prepareDomainController({
    folder,
    address: controllerName,
    readerPasswordFile: join(from, 'reader-password'),
    certificates: {
      ca: join(from, 'authority.pem'),
      certificate: join(from, 'server.pem'),
      key: keyForSamba(join(from, 'server-key.pem'), folder),
    },
  })
  const { uid, gid } = statSync(folder)
  chownSync(controller.administrator.passwordFile, uid, gid)
  const samba = spawn(command, args, { cwd: folder, stdio: 'inherit' })
  samba.once('error', (error) => {
    process.stderr.write(`${error.message}\n`)
    process.exit(1)
  })
  let isStopping = false
  // Samba says no zero of its own when it was told to stop.
  samba.once('exit', (code) => process.exit(isStopping ? 0 : (code ?? 1)))
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      isStopping = true
      samba.kill('SIGTERM')
    })
  }
  await waitForDomain(controller)
  await seedDomain(controller)
  process.stdout.write(`The domain is ready at ${controller.url}\n`)
}

/** Samba takes a key that is its own, and nobody else's to read. */
function keyForSamba(key: string, folder: string): string {
  const own = join(folder, 'tls', 'server.key')
  mkdirSync(join(folder, 'tls'), { recursive: true, mode: 0o700 })
  copyFileSync(key, own)
  chmodSync(own, 0o600)
  chownSync(own, process.getuid?.() ?? 0, process.getgid?.() ?? 0)
  return own
}
