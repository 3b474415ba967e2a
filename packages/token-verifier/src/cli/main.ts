#!/usr/bin/env node
import { explainCommand, explainHelp } from './explain-command.ts'

const [command, ...args] = process.argv.slice(2)

if (command === 'explain') {
  const { exitCode, output } = await explainCommand(args)
  process.exitCode = exitCode
  if (exitCode === 2) process.stderr.write(output)
  else process.stdout.write(output)
} else {
  process.exitCode = command === undefined || command === '--help' ? 0 : 2
  process.stdout.write(explainHelp)
}
