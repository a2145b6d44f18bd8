// Runs before the first paint, as a file because the Content-Security-Policy admits no inline script: a dark page never flashes white.
try {
  const wanted = localStorage.getItem('mantine-color-scheme-value') || 'auto'
  const system = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'
  document.documentElement.setAttribute('data-mantine-color-scheme', wanted === 'auto' ? system : wanted)
} catch {
  // Storage may be forbidden; the light page is readable everywhere.
}
