import { useState } from 'react'
import { Card } from '../../ui/card.tsx'
import styles from './call-chart.module.css'
import type { LastHour, Minute } from './last-hour.ts'

const height = 168
const columnWidth = 10
const gap = 3

const hourAndMinute = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' })

/** Calls of the last hour, a column a minute, refused ones on top. A table says the same to those who cannot see it. */
export function CallChart({ hour: { minutes } }: { hour: LastHour }) {
  const [pointed, setPointed] = useState<number>()
  const most = niceCeiling(Math.max(...minutes.map(total), 1))
  const width = minutes.length * columnWidth
  const shown = pointed === undefined ? undefined : minutes[pointed]
  return (
    <Card title="Calls a minute" aside={shown === undefined ? <Legend /> : <Readout minute={shown} />}>
      <figure className={styles.figure} onPointerLeave={() => setPointed(undefined)}>
        <div className={styles.scale} aria-hidden>
          <span>{most}</span>
          <span>{most / 2}</span>
          <span>0</span>
        </div>
        <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true" focusable="false">
          {[0, 0.5, 1].map((share) => (
            <line key={share} x1={0} x2={width} y1={share * height} y2={share * height} className={styles.grid} />
          ))}
          {minutes.map((minute, index) => {
            const allowed = (minute.allowed / most) * height
            const refused = (minute.refused / most) * height
            const x = index * columnWidth + gap / 2
            return (
              <g
                key={minute.at}
                onPointerEnter={() => setPointed(index)}
                className={index === pointed ? styles.pointed : undefined}
              >
                <rect x={index * columnWidth} y={0} width={columnWidth} height={height} className={styles.target} />
                <rect
                  x={x}
                  y={height - allowed}
                  width={columnWidth - gap}
                  height={allowed}
                  className={styles.allowed}
                />
                <rect
                  x={x}
                  y={height - allowed - refused}
                  width={columnWidth - gap}
                  height={refused}
                  className={styles.refused}
                />
              </g>
            )
          })}
        </svg>
        <div className={styles.times} aria-hidden>
          {[0, 20, 40, 59].map((index) => (
            <span key={index}>{hourAndMinute.format(minutes[index]?.at)}</span>
          ))}
        </div>
        <figcaption className={styles.hidden}>
          <table>
            <caption>Calls a minute in the last hour</caption>
            <thead>
              <tr>
                <th>Minute</th>
                <th>Allowed</th>
                <th>Refused</th>
              </tr>
            </thead>
            <tbody>
              {minutes
                .filter((minute) => total(minute) > 0)
                .map((minute) => (
                  <tr key={minute.at}>
                    <td>{hourAndMinute.format(minute.at)}</td>
                    <td>{minute.allowed}</td>
                    <td>{minute.refused}</td>
                  </tr>
                ))}
            </tbody>
          </table>
        </figcaption>
      </figure>
    </Card>
  )
}

const total = ({ allowed, refused }: Minute): number => allowed + refused

/** An even number at the top of the scale, so that its half is whole. */
function niceCeiling(most: number): number {
  const step = 10 ** Math.floor(Math.log10(most))
  const found = [1, 2, 4, 5, 6, 8, 10].map((factor) => factor * step).find((top) => top >= most) ?? most
  return Math.max(2, found % 2 === 0 ? found : found * 2)
}

function Legend() {
  return (
    <span className={styles.legend} aria-hidden>
      <span className={styles.allowedKey}>allowed</span>
      <span className={styles.refusedKey}>refused</span>
    </span>
  )
}

function Readout({ minute }: { minute: Minute }) {
  return (
    <span className={styles.readout}>
      {hourAndMinute.format(minute.at)}: {minute.allowed} allowed, {minute.refused} refused
      {minute.failed > 0 && `, ${minute.failed} failed`}
    </span>
  )
}
