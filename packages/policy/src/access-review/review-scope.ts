import type { AccessGrant, AccessReview, ReviewedAccount } from './review-access.ts'

/** What a campaign is about. A person, or a service, is named by user name, e-mail address, client or subject. */
export type ReviewScope = { kind: 'everything' } | { kind: 'tool' | 'group' | 'person'; name: string }

/** One grant of one account: the unit that a reviewer approves or revokes. */
export interface CampaignItem extends Omit<ReviewedAccount, 'roles' | 'grants'>, AccessGrant {}

/** The grants of a review that a scope takes in, in the order of the review. */
export function itemsInScope(review: AccessReview, scope: ReviewScope): CampaignItem[] {
  return review.accounts
    .filter((account) => isAbout(account, scope))
    .flatMap(({ roles: _roles, grants, ...account }) =>
      grants
        .filter(({ tool }) => scope.kind !== 'tool' || tool === scope.name)
        .map((grant): CampaignItem => ({ ...account, ...grant })),
    )
}

/** The account that somebody means by a name, whatever of its names it is. */
export function isCalled(
  account: Pick<ReviewedAccount, 'username' | 'email' | 'clientId' | 'subject'>,
  name: string,
): boolean {
  const wanted = name.toLowerCase()
  return [account.username, account.email, account.clientId, account.subject].some(
    (one) => one?.toLowerCase() === wanted,
  )
}

function isAbout(account: ReviewedAccount, scope: ReviewScope): boolean {
  if (scope.kind === 'group') return account.groups.includes(scope.name)
  return scope.kind !== 'person' || isCalled(account, scope.name)
}
