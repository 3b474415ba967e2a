/**
 * Asks about each thing one question at a time. Who asks while one is under way waits for the next, which all who came
 * meanwhile share: the answer under way may be older than their question. So nobody is given news of before, and whoever is
 * asked is asked no faster than it answers, however many want to know.
 *
 * @returns A function that asks about what `key` names, or shares what is asked next; it resolves, or rejects, as that did.
 */
export function oneAtATime<Key, Answer>(): (key: Key, ask: () => Promise<Answer>) => Promise<Answer> {
  const underWay = new Map<Key, Question<Answer>>()

  function begin(key: Key, ask: () => Promise<Answer>): Promise<Answer> {
    const question: Question<Answer> = { answer: ask() }
    underWay.set(key, question)
    const end = () => {
      if (question.next === undefined) underWay.delete(key)
    }
    question.answer.then(end, end)
    return question.answer
  }

  return (key, ask) => {
    const question = underWay.get(key)
    if (question === undefined) return begin(key, ask)
    const askNext = () => begin(key, ask)
    question.next ??= question.answer.then(askNext, askNext)
    return question.next
  }
}

interface Question<Answer> {
  answer: Promise<Answer>
  /** That of the next question, once somebody waits for it. */
  next?: Promise<Answer>
}
