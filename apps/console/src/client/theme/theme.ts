import { createTheme } from '@mantine/core'

/** Colours come from colors.css: Mantine would write them into an inline style, which the page's policy forbids. */
export const theme = createTheme({
  primaryColor: 'blue',
  defaultRadius: 'md',
  cursorType: 'pointer',
  fontFamily: 'Inter, system-ui, sans-serif',
})
