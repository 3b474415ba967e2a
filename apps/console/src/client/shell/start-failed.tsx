/** The one screen that needs nothing but this page: its own settings could not be read. */
export function StartFailed() {
  return (
    <main style={{ padding: '4rem 1.5rem', maxWidth: '34rem', margin: '0 auto' }}>
      <h1>The console could not start</h1>
      <p>
        Its settings could not be read from this server. Reload the page; if it stays like this, tell whoever runs it.
      </p>
    </main>
  )
}
