import type { ReviewScope } from '@mcp-identity/policy/access-review'
import { Command } from 'commander'
import colour from 'picocolors'
import { neverSignedIn } from '../access/directory-people.ts'
import { verifyFolder, writeEvidence } from '../access/evidence-folder.ts'
import { openReviewClient, type ReviewClient } from '../access/review-client.ts'
import { runningStack, runningStackOption } from '../access/running-stack.ts'
import { describeCampaign, describeCampaigns, describeReview, filterReview } from '../access/tell-review.ts'
import { StackError } from '../stack-error.ts'
import { runCommand } from './run-command.ts'

/** Flags of `pnpm access:review` and its commands. */
interface Flags {
  as?: string
  directory: string
  person?: string
  tool?: string
  group?: string
  unused?: boolean
  title?: string
  reason?: string
  to?: string
  key?: string
  json?: boolean
}

/** The command line of `pnpm access:review`. */
export function accessReviewCommand(): Command {
  const program = new Command('pnpm access:review')
    .description(
      'Who may call which tool, on which records, under which conditions, why, and when it was last used: asked of the running stack, of Keycloak and the policies. Without a command: what access is now.',
    )
    .showHelpAfterError('See pnpm access:review --help.')
    .enablePositionalOptions()
  withScope(withStack(program))
    .option('--unused', 'only what was granted and never used')
    .allowExcessArguments(false)
    .action((flags: Flags) => showReview(flags))
  withScope(withStack(program.command('start')))
    .description('begins a campaign over everything, or one person, tool or group')
    .option('--title <text>', 'its title')
    .action((flags: Flags) => start(flags))
  withStack(program.command('campaigns'))
    .description('lists campaigns')
    .action((flags: Flags) => campaigns(flags))
  withStack(program.command('show <campaign>'))
    .description('shows a campaign with its grants and marks')
    .action((id: string, flags: Flags) => show(id, flags))
  for (const verdict of ['approve', 'revoke'] as const) {
    withStack(program.command(`${verdict} <campaign> <grants...>`))
      .description(`marks grants, by id or as who/tool; "open" stands for all without a mark`)
      .requiredOption('--reason <text>', 'why, in 3 to 500 characters')
      .action((id: string, grants: string[], flags: Flags) => mark(id, grants, verdict, flags))
  }
  withStack(program.command('sign-off <campaign>'))
    .description('ends a campaign; every grant has to be marked')
    .action((id: string, flags: Flags) => signOff(id, flags))
  withStack(program.command('evidence [campaign]'))
    .description('writes CSV, JSON and a printable page, signed; without a campaign: of what access is now')
    .requiredOption('--to <folder>', 'a new or empty folder')
    .action((id: string | undefined, flags: Flags) => evidence(id, flags))
  program
    .command('verify <folder>')
    .description('checks the signature of evidence and every file that it names; needs no stack')
    .option('--key <file>', 'the public key that you trust, as JSON (JWK); default: the one in the folder')
    .option('--json', 'print one JSON document instead of lines')
    .action((folder: string, flags: Flags) => verify(folder, flags))
  return program
}

function withStack(command: Command): Command {
  return command
    .option('--as <user name>', 'who reviews; default: the first directory administrator of the stack')
    .addOption(runningStackOption())
    .option('--json', 'print one JSON document instead of lines')
}

function withScope(command: Command): Command {
  return command
    .option('--person <name>', 'one person or service: user name, e-mail address or client')
    .option('--tool <name>', 'one tool')
    .option('--group <name>', 'one group')
}

if (import.meta.main) await runCommand(accessReviewCommand())

function client({ directory, as }: Flags): Promise<ReviewClient> {
  return openReviewClient(runningStack(directory), as)
}

function print(flags: Flags, document: unknown, text: string): void {
  console.log(flags.json === true ? JSON.stringify(document, undefined, 2) : text)
}

async function showReview(flags: Flags): Promise<void> {
  const stack = runningStack(flags.directory)
  const whole = await (await client(flags)).review()
  const absent = await neverSignedIn(stack, whole)
  const review = filterReview(whole, flags)
  if (review.accounts.length === 0 && flags.person !== undefined)
    throw new StackError(`the realm has no account ${flags.person}`)
  const shown = flags.person === undefined && flags.group === undefined ? absent : []
  print(flags, { ...review, neverSignedIn: absent }, describeReview(review, shown))
}

function scopeOf({ person, tool, group }: Flags): ReviewScope {
  const given = Object.entries({ person, tool, group }).filter(([, name]) => name !== undefined)
  if (given.length > 1) throw new StackError('name one of --person, --tool and --group')
  const [kind, name] = given[0] ?? []
  return kind === undefined || name === undefined
    ? { kind: 'everything' }
    : { kind: kind as 'person' | 'tool' | 'group', name }
}

async function start(flags: Flags): Promise<void> {
  const campaign = await (await client(flags)).start(scopeOf(flags), flags.title)
  print(flags, campaign, `${describeCampaign(campaign, [])}\n\nMark with pnpm access:review approve ${campaign.id} …`)
}

async function campaigns(flags: Flags): Promise<void> {
  const found = await (await client(flags)).campaigns()
  print(flags, { campaigns: found }, describeCampaigns(found))
}

async function show(id: string, flags: Flags): Promise<void> {
  const campaign = await (await client(flags)).campaign(id)
  print(flags, campaign, describeCampaign(campaign, campaign.stillGranted))
}

async function mark(id: string, grants: string[], verdict: 'approve' | 'revoke', flags: Flags): Promise<void> {
  const reviewer = await client(flags)
  const { items } = await reviewer.campaign(id)
  const wanted = grants.flatMap((grant) => {
    const found = items.filter(({ id: itemId, email, username, clientId, tool, mark: said }) =>
      grant === 'open'
        ? said === null
        : [itemId, ...[email, username, clientId].map((who) => `${who}/${tool}`)].includes(grant),
    )
    if (found.length === 0 && grant !== 'open')
      throw new StackError(`the campaign has no grant ${grant}`, { nextStep: `See pnpm access:review show ${id}.` })
    return found.map((item) => item.id)
  })
  if (wanted.length === 0) throw new StackError('every grant is marked already')
  const campaign = await reviewer.mark({ campaign: id, items: wanted, verdict, reason: flags.reason ?? '' })
  print(flags, campaign, describeCampaign(campaign, []))
}

async function signOff(id: string, flags: Flags): Promise<void> {
  const campaign = await (await client(flags)).signOff(id)
  print(flags, campaign, `Signed off: ${campaign.title}. Evidence: pnpm access:review evidence ${id} --to FOLDER`)
}

async function evidence(id: string | undefined, flags: Flags): Promise<void> {
  const folder = flags.to ?? ''
  const files = writeEvidence(folder, await (await client(flags)).evidence(id))
  const text = `${files.map((name) => `  ${name}`).join('\n')}\nCheck it with pnpm access:review verify ${folder}`
  print(flags, { folder, files }, text)
}

async function verify(folder: string, flags: Flags): Promise<void> {
  const found = await verifyFolder(folder, flags.key)
  if (found.outcome === 'broken') {
    process.exitCode = 1
    return print(flags, found, colour.red(`Not intact: ${found.problems.join('; ')}.`))
  }
  const { keyId, statement, trustedKey } = found
  const whose = trustedKey ? 'the key that you gave' : 'the key in the folder; compare it with the one you trust'
  const about = `${statement.subject}, signed ${statement.signedAt}`
  print(flags, found, `${colour.green('Intact')}: ${about}, key ${keyId} (${whose}).`)
}
