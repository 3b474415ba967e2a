import type { Signal } from '../signal.ts'
import type { ReceiverContext, SignalOrigin } from './receiver-context.ts'
import type { Transmitter } from './transmitter.ts'

/**
 * Hands over what a verified message says, in two steps: at once for the people who are known without asking, then for
 * whom else the transmitter's look-up finds.
 *
 * @param read Reads the message with the given transmitter's way to find people.
 * @returns The signals for all whom the look-up finds.
 */
export async function takeInSignals(
  context: ReceiverContext,
  origin: SignalOrigin['receiver'],
  transmitter: Transmitter,
  read: (transmitter: Transmitter) => Promise<Signal[]>,
): Promise<Signal[]> {
  const handOver = async (signals: Signal[]): Promise<void> => {
    if (signals.length > 0) await context.onSignals(signals, { receiver: origin, transmitter: transmitter.issuer })
  }
  const { recallSubject } = transmitter
  const recalled =
    recallSubject === undefined
      ? []
      : await read({ ...transmitter, resolveSubject: async (subject) => recallSubject(subject) })
  await handOver(recalled)
  const signals = await read(transmitter)
  const known = new Set(recalled.map((signal) => JSON.stringify(signal)))
  await handOver(signals.filter((signal) => !known.has(JSON.stringify(signal))))
  return signals
}
