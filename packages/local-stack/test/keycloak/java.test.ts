import { describe, expect, test } from 'vitest'
import { type AskVersion, findJava, readJavaRelease } from '../../src/keycloak/java.ts'

const java17 = 'openjdk version "17.0.15" 2025-04-15\nOpenJDK Runtime Environment (build 17.0.15+6)'
const java11 = 'openjdk version "11.0.22" 2024-01-16'
const java8 = 'java version "1.8.0_392"\nJava(TM) SE Runtime Environment'

describe('readJavaRelease', () => {
  test.each([
    [java17, 17],
    [java11, 11],
    [java8, 8],
    ['openjdk version "25" 2025-09-16', 25],
    ['openjdk version "26-ea" 2026-03-17', 26],
  ])('reads %j', (text, release) => {
    expect(readJavaRelease(text)).toBe(release)
  })

  test('finds no release in what is not Java', () => {
    expect(readJavaRelease('The operation couldn’t be completed. Unable to locate a Java Runtime.')).toBeUndefined()
  })
})

describe('findJava', () => {
  test('takes the Java of JAVA_HOME', async () => {
    expect(await find('/jdk', { '/jdk/bin/java': java17, java: java17 })).toEqual({
      command: '/jdk/bin/java',
      release: 17,
    })
  })

  test('takes the Java of the search path when JAVA_HOME is not set', async () => {
    expect(await find(undefined, { java: java17 })).toEqual({ command: 'java', release: 17 })
  })

  test.each([
    ['is too old', { '/jdk/bin/java': java11, java: java17 }],
    ['is not there', { java: java17 }],
  ])('takes the Java of the search path when the one of JAVA_HOME %s', async (_, versions) => {
    expect((await find('/jdk', versions)).command).toBe('java')
  })

  test('says which Java was found when it is too old, and what to install', async () => {
    await expect(find(undefined, { java: java8 })).rejects.toMatchObject({
      message: 'Keycloak needs Java 17 or newer; java on the search path is Java 8',
      nextStep: expect.stringContaining('openjdk-17-jre-headless'),
    })
    await expect(find('/jdk', { '/jdk/bin/java': java11, java: java8 })).rejects.toThrow(
      '/jdk/bin/java is Java 11, and java on the search path is Java 8',
    )
  })

  test('says where it looked when there is no Java', async () => {
    await expect(find(undefined, {})).rejects.toThrow('Keycloak needs Java 17 or newer, and none was found')
    await expect(find('/jdk', {})).rejects.toThrow('none was found in JAVA_HOME (/jdk) or on the search path')
  })
})

function find(javaHome: string | undefined, versions: Record<string, string>) {
  const ask: AskVersion = async (command) => versions[command]
  return findJava({ javaHome, environment: {} }, ask)
}
