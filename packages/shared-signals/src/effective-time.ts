/**
 * How long after an event a token may still have been issued by who had not heard of it, in seconds: the transaction of the
 * event was open, the token was under way, the clocks of transmitter and authorization server differ a little. Such tokens
 * count as issued before. Whoever gives access back lets this time pass, and the second in which it ends.
 */
export const settlingSeconds = 2

/**
 * Up to when tokens are refused for an event: when it happened, and until it was seen where that was no later than
 * {@link settlingSeconds}. So a signal that was held up ends nothing that was issued long after its event, whenever it
 * arrives and whatever the receiver's clock says.
 *
 * @param happenedAt Seconds since the epoch, by the clock of who says so.
 * @param seenAt Seconds since the epoch, by ours.
 */
export function effectiveTime(happenedAt: number, seenAt: number): number {
  return Math.max(happenedAt, Math.min(seenAt, happenedAt + settlingSeconds))
}
