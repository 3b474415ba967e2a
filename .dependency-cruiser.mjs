/** Dependencies point one way: apps import packages, packages import packages below them, nothing imports an app. */
export default {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'nothing-imports-an-app',
      severity: 'error',
      from: { path: '^(packages|e2e|apps/([^/]+))/' },
      to: { path: '^apps/', pathNot: '^apps/$2/' },
    },
    {
      name: 'packages-are-reached-by-name',
      comment: 'A package reads its own files by relative path and other packages through their exports.',
      severity: 'error',
      from: { path: '^(packages|apps)/([^/]+)/' },
      to: { path: '^(packages|apps)/', pathNot: '^$1/$2/', dependencyTypes: ['local'] },
    },
    {
      name: 'the-verifier-stands-alone',
      comment: 'jose is its one runtime dependency.',
      severity: 'error',
      from: { path: '^packages/token-verifier/src/' },
      to: { path: '^packages/', pathNot: '^packages/token-verifier/' },
    },
    {
      name: 'published-packages-import-published-packages',
      severity: 'error',
      from: { path: '^packages/(token-verifier|mcp-authorization|shared-signals|test-kit)/src/' },
      to: { path: '^packages/(policy|audit-log|keycloak-realm|local-stack)/' },
    },
    {
      name: 'local-stack-is-on-top',
      comment: 'Only e2e, the browser tests and the root commands use it.',
      severity: 'error',
      from: { path: '^(packages|apps)/', pathNot: '^(packages/local-stack|apps/console/test/browser)/' },
      to: { path: '^packages/local-stack/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|node_modules|must-not-compile)/' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.ts', '.tsx', '.mjs', '.js'],
    },
  },
}
