import { useSyncExternalStore } from 'react'

export type ColorScheme = 'light' | 'dark'

const storageKey = 'console.color-scheme'
const listeners = new Set<() => void>()
const prefersDark = window.matchMedia('(prefers-color-scheme: dark)')
prefersDark.addEventListener('change', applyColorScheme)

/** The chosen scheme, else the system's. The choice is the only thing that the console keeps in the browser's storage. */
export function colorScheme(): ColorScheme {
  const chosen = localStorage.getItem(storageKey)
  return chosen === 'dark' || chosen === 'light' ? chosen : prefersDark.matches ? 'dark' : 'light'
}

export function applyColorScheme(): void {
  document.documentElement.dataset.mantineColorScheme = colorScheme()
  for (const listener of listeners) listener()
}

export function chooseColorScheme(scheme: ColorScheme): void {
  localStorage.setItem(storageKey, scheme)
  applyColorScheme()
}

export function useColorScheme(): ColorScheme {
  return useSyncExternalStore((listener) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }, colorScheme)
}
