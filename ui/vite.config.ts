import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'
import { precompress } from './tools/precompress.ts'

/** Where `npm run dev` finds a running server. */
const server = process.env['FUSEWATCH_SERVER'] ?? 'http://127.0.0.1:9470'

export default defineConfig({
  plugins: [react(), precompress()],
  // The server puts a fresh nonce in its place in every answer.
  html: { cspNonce: '__CSP_NONCE__' },
  build: {
    outDir: process.env['FUSEWATCH_UI_OUT'] ?? 'dist',
    emptyOutDir: true,
    target: 'es2022',
    manifest: true,
    chunkSizeWarningLimit: 600,
    // data: URLs would need a wider policy.
    assetsInlineLimit: 0,
  },
  server: { proxy: { '/api': server, '/-': server } },
  test: {
    environment: 'jsdom',
    // The tests are pure or clean up after themselves; a browser per file would cost more than all of them.
    isolate: false,
    setupFiles: ['src/testing/setup.ts'],
    include: ['src/**/*.test.{ts,tsx}'],
    css: { modules: { classNameStrategy: 'non-scoped' } },
  },
})
