/** A declaration in API Extractor's `.api.json`, as far as it is read here. */
export interface ApiItem {
  readonly kind: string
  readonly name?: string
  readonly docComment?: string
  /** In which `!~` precedes the name of what is not exported. */
  readonly canonicalReference?: string
  /** The declaration in pieces: text, and references to other declarations. */
  readonly excerptTokens?: readonly { readonly text: string }[]
  readonly members?: readonly ApiItem[]
}
