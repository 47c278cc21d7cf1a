type Child = Node | string | undefined

/** Attributes of an element; undefined leaves one out. Texts never become HTML. */
export type Attributes = Readonly<Record<string, string | number | undefined>>

/** Makes an element. */
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

/** A button with a text and what it does. */
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

/** Changes the text of a node, if it is another one: layout is computed again after each change. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text
}

/** Changes or removes an attribute, if it is another one. */
export function setAttribute(target: Element, name: string, value: string | undefined): void {
  if (target.getAttribute(name) === (value ?? null)) return
  if (value === undefined) target.removeAttribute(name)
  else target.setAttribute(name, value)
}
