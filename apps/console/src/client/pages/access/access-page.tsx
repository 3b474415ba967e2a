export function AccessPage() {
  return <p>AccessPage</p>
}
