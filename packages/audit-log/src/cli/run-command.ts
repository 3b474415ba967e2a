/** Runs a command. What is wrong is told in a line or two; the exit code is then 2. */
export async function runCommand(name: string, main: () => Promise<void>): Promise<void> {
  try {
    await main()
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    // What Node adds about unknown options is of no use here.
    console.error(`${message.split('. To specify a positional')[0]}\nSee ${name} --help.`)
    process.exitCode = 2
  }
}

/** What was given on the command line; pnpm hands on the two dashes of `pnpm NAME -- --json`. */
export function givenArguments(): string[] {
  return process.argv.slice(2).filter((argument) => argument !== '--')
}
