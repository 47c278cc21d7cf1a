type Child = Node | string | undefined

/** Attributes of an element; undefined ones are omitted. Values are never parsed as HTML. */
export type Attributes = Readonly<Record<string, string | number | undefined>>

/** Creates an element. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name)
  for (const [attribute, value] of Object.entries(attributes)) {
    if (value !== undefined) made.setAttribute(attribute, String(value))
  }
  made.append(...children.filter((child) => child !== undefined))
  return made
}

/** Creates a button. */
export function button(text: string, onClick: () => void, attributes: Attributes = {}) {
  const made = element('button', { type: 'button', ...attributes }, text)
  made.addEventListener('click', onClick)
  return made
}

/** The element of index.html with this id. */
export function byId<Type extends HTMLElement>(id: string, type: new () => Type): Type {
  const found = document.getElementById(id)
  if (found instanceof type) return found
  throw new Error(`page: expected an element #${id} in index.html, got ${found?.tagName ?? 'none'}`)
}

/** Sets the text of a node, if it differs: each change makes the browser compute the layout. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text
}

/** Sets or removes an attribute, if it differs. */
export function setAttribute(target: Element, name: string, value: string | undefined): void {
  if (target.getAttribute(name) === (value ?? null)) return
  if (value === undefined) target.removeAttribute(name)
  else target.setAttribute(name, value)
}
