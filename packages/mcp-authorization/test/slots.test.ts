import { expect, it } from 'vitest'
import { createSlots } from '../src/slots.ts'

it('finds a value by its number until it is taken out', () => {
  const slots = createSlots<{ name: string }>()
  const one = slots.add({ name: 'one' })
  const two = slots.add({ name: 'two' })
  slots.delete(one)
  expect([slots.get(one), slots.get(two)]).toEqual([undefined, { name: 'two' }])
})

it('never gives a number again, though the place is used again', () => {
  const slots = createSlots<{ name: string }>()
  const numbers = Array.from({ length: 1000 }, (_, index) => {
    const number = slots.add({ name: `${index}` })
    slots.delete(number)
    return number
  })
  expect(new Set(numbers).size).toBe(1000)
  const last = slots.add({ name: 'last' })
  for (const number of numbers) slots.delete(number)
  expect(slots.get(last)).toEqual({ name: 'last' })
})

it('knows no number that it did not give', () => {
  const slots = createSlots<object>()
  const number = slots.add({})
  expect([number + 1, number - 1, -1, 0.5, Number.NaN].map(slots.get)).toEqual(Array(5).fill(undefined))
})
