// What a registry is shown: a name with a password, or a token that it gave out before.

export interface RegistryAuth {
  username?: string;
  password?: string;
  /** Docker's `identitytoken`: an OAuth refresh token. */
  identityToken?: string;
}
