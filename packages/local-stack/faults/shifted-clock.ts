/**
 * Loaded into a replica before it starts: its clock then goes ahead of the machine's, or behind, by the seconds in a file
 * that may change at any time. The monotonic clock stays as it is, as when a real clock is set.
 */
import { readFileSync } from 'node:fs'

const file = process.env.CLOCK_SHIFT_FILE ?? ''
const RealDate = Date
let shiftMs = readShiftMs()
setInterval(() => {
  shiftMs = readShiftMs()
}, 50).unref()

class ShiftedDate extends RealDate {
  constructor(...given: [] | [string | number | Date]) {
    if (given.length === 0) super(ShiftedDate.now())
    else super(...given)
  }

  static override now(): number {
    return RealDate.now() + shiftMs
  }
}

globalThis.Date = ShiftedDate as DateConstructor

function readShiftMs(): number {
  try {
    return Number(readFileSync(file, 'utf8')) * 1_000
  } catch {
    return 0
  }
}
