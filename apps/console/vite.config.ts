import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** Every script and style is a file of its own, since the Content-Security-Policy allows nothing inline. */
export default defineConfig({
  root: at('src/client'),
  publicDir: at('src/client/public'),
  plugins: [react()],
  build: {
    outDir: at('dist'),
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    rolldownOptions: {
      input: [at('src/client/index.html'), at('src/client/silent-check-sso.html')],
    },
  },
})
