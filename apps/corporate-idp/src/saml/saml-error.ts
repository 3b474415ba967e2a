/** Why a message was not taken. The message is for the log of this server; whoever sent it learns only that it failed. */
export class SamlError extends Error {
  override readonly name = 'SamlError'
}

/** The metadata of a service provider cannot be had at the moment: nothing it says can be verified. */
export class ServiceProviderUnavailableError extends Error {
  override readonly name = 'ServiceProviderUnavailableError'
}
