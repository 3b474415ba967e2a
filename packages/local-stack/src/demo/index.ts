export type { Observer } from './browser.ts'
export { type McpSession, openPersonSession, openServiceSession } from './mcp-session.ts'
export { buildStory, refusalBoundMs, type Story, StoryError, type StoryStack, type StoryStep } from './story.ts'
export { summarise } from './tell.ts'
