import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

export interface CommandOptions {
  cwd?: string
  /** The whole environment. Default: this process's. */
  env?: Record<string, string | undefined>
  /** Told of every line of standard output; an answer is written to standard input as a line. */
  onLine?: (line: string) => Promise<string | undefined> | string | undefined
}

export interface CommandResult {
  exitCode: number | null
  output: string
  errors: string
}

/** Runs a command to its end. What it answers with is no error here, whatever the exit code. @throws It cannot start. */
export function runCommand(command: string, args: readonly string[], options: CommandOptions = {}) {
  return new Promise<CommandResult>((resolve, reject) => {
    const { cwd, env = process.env, onLine } = options
    const child = spawn(command, args, { env, ...(cwd === undefined ? {} : { cwd }) })
    const lines: string[] = []
    const answers: Promise<void>[] = []
    let errors = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text
    })
    createInterface(child.stdout).on('line', (line) => {
      lines.push(line)
      if (onLine !== undefined) answers.push(answer(line))
    })
    if (onLine === undefined) child.stdin.end()
    child.on('error', reject)
    child.on('close', (exitCode) => {
      Promise.all(answers).then(() => resolve({ exitCode, output: lines.join('\n'), errors }), reject)
    })

    async function answer(line: string): Promise<void> {
      try {
        const reply = await onLine?.(line)
        if (reply !== undefined) child.stdin.write(`${reply}\n`)
      } catch (error) {
        child.kill()
        throw error
      }
    }
  })
}

/** Runs a command that has to succeed. @throws {Error} It ended otherwise; the message has its last words. */
export async function mustRun(command: string, args: readonly string[], options?: CommandOptions): Promise<string> {
  const { exitCode, output, errors } = await runCommand(command, args, options)
  if (exitCode !== 0) throw new Error(`${command} ended with ${exitCode}: ${`${output}\n${errors}`.slice(-1000)}`)
  return output
}
