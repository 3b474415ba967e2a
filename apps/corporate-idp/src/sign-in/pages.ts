import { type Html, html, trustedHtml } from './html.ts'

/** An account whose password the sign-in page shows. Development only. */
export interface PublishedAccount {
  username: string
  password: string
  description: string
}

export interface SignInPage {
  action: string
  cancelAction: string
  csrfToken: string
  username?: string
  problem?: string
  publishedAccounts?: readonly PublishedAccount[]
}

export function signInPage(page: SignInPage): string {
  return layout(
    page.problem ? 'Sign-in failed' : 'Sign in',
    html`
      <h1>Sign in</h1>
      <p class="lead">Use your Company account.</p>
      ${page.problem !== undefined && html`<p class="problem" id="problem" role="alert">${page.problem}</p>`}
      <form method="post" action="${page.action}">
        <input type="hidden" name="csrf" value="${page.csrfToken}">
        <label for="username">User name</label>
        <input id="username" name="username" type="text" value="${page.username ?? ''}" autocomplete="username"
          autocapitalize="none" spellcheck="false" maxlength="64" required
          ${page.username === undefined && trustedHtml('autofocus')}
          ${page.problem !== undefined && trustedHtml('aria-describedby="problem"')}>
        <label for="password">Password</label>
        <input id="password" name="password" type="password" autocomplete="current-password" maxlength="256" required
          ${page.username !== undefined && trustedHtml('autofocus')}
          ${page.problem !== undefined && trustedHtml('aria-describedby="problem"')}>
        <button type="submit" class="primary">Sign in</button>
      </form>
      <form method="post" action="${page.cancelAction}" class="secondary">
        <input type="hidden" name="csrf" value="${page.csrfToken}">
        <button type="submit" class="link">Cancel and go back</button>
      </form>
      ${page.publishedAccounts !== undefined && publishedAccountsTable(page.publishedAccounts)}
    `,
  )
}

function publishedAccountsTable(accounts: readonly PublishedAccount[]): Html {
  return html`
    <section class="development" aria-labelledby="development">
      <h2 id="development">Development accounts</h2>
      <p>This sign-in runs in development mode. Everybody knows these passwords.</p>
      <table>
        <thead><tr><th scope="col">User name</th><th scope="col">Password</th><th scope="col">Who</th></tr></thead>
        <tbody>${accounts.map(
          ({ username, password, description }) =>
            html`<tr><th scope="row"><code>${username}</code></th><td><code>${password}</code></td><td>${description}</td></tr>`,
        )}</tbody>
      </table>
    </section>`
}

export interface NoticePage {
  title: string
  text: string
  /** A button that sends the person back to where she came from. */
  back?: { action: string; csrfToken: string }
}

export function noticePage({ title, text, back }: NoticePage): string {
  return layout(
    title,
    html`
      <h1>${title}</h1>
      <p class="lead">${text}</p>
      ${
        back !== undefined &&
        html`<form method="post" action="${back.action}">
          <input type="hidden" name="csrf" value="${back.csrfToken}">
          <button type="submit" class="primary" autofocus>Back to the application</button>
        </form>`
      }
    `,
  )
}

/**
 * A page that sends itself on to another site with what a browser carries there. Without scripts, or when the script is
 * late, the person presses the button.
 */
export function carryOnPage(action: string, fields: Readonly<Record<string, string>>): string {
  return layout(
    'One moment',
    html`
      <h1>One moment</h1>
      <p class="lead">You are taken back to the application.</p>
      <form method="post" action="${action}">
        ${Object.entries(fields).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
        <button type="submit" class="primary">Continue</button>
      </form>
      <script src="/assets/carry-on.js" defer></script>
    `,
  )
}

/** @param form The form that oidc-provider made; its id is `op.logoutForm`. */
export function signOutPage(form: string): string {
  return layout(
    'Sign out',
    html`
      <h1>Sign out of Company?</h1>
      <p class="lead">You will have to sign in again in every application of the company.</p>
      ${trustedHtml(form)}
      <div class="actions">
        <button type="submit" form="op.logoutForm" name="logout" value="yes" class="primary" autofocus>Sign out</button>
        <button type="submit" form="op.logoutForm" class="link">Stay signed in</button>
      </div>
    `,
  )
}

function layout(title: string, main: Html): string {
  return html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="robots" content="noindex">
    <title>${title} · Company</title>
    <link rel="icon" href="/assets/logo.svg" type="image/svg+xml">
    <link rel="stylesheet" href="/assets/company.css">
  </head>
  <body>
    <header><img src="/assets/logo.svg" alt="" width="32" height="32"><span>Company</span></header>
    <main>${main}</main>
    <footer>Trouble signing in? Ask the IT service desk, extension 4357.</footer>
  </body>
</html>
`.html
}
