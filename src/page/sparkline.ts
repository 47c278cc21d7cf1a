import { onSchemeChange, palette } from './palette.js'

const LINE_PX = 1.25

/** Sparklines within the viewport; only these are drawn. */
const visible = new WeakSet<Element>()
const sparklines = new WeakMap<Element, Sparkline>()
const drawn = new Set<Sparkline>()
const observer = new IntersectionObserver(observe, { rootMargin: '240px' })
onSchemeChange(() => {
  for (const sparkline of drawn) sparkline.draw()
})

/** Observed, since reading the size of an element makes the browser compute the layout. */
const sizes = new ResizeObserver((entries) => {
  for (const { target, contentRect } of entries) sparklines.get(target)?.resize(contentRect)
})

function observe(entries: readonly IntersectionObserverEntry[]): void {
  for (const { target, isIntersecting } of entries) {
    const sparkline = sparklines.get(target)
    if (sparkline === undefined) continue
    if (isIntersecting) {
      visible.add(target)
      drawn.add(sparkline)
      sparkline.draw()
    } else {
      visible.delete(target)
      drawn.delete(sparkline)
    }
  }
}

/** A small line chart without axes, on a scale from zero to its largest value. */
export class Sparkline {
  readonly canvas: HTMLCanvasElement
  #values: readonly number[] = []
  #width = 0
  #height = 0

  constructor() {
    this.canvas = document.createElement('canvas')
    this.canvas.className = 'sparkline'
    this.canvas.setAttribute('aria-hidden', 'true')
    sparklines.set(this.canvas, this)
    observer.observe(this.canvas)
    sizes.observe(this.canvas)
  }

  /** Set the values. */
  set(values: readonly number[]): void {
    this.#values = values
    if (visible.has(this.canvas)) this.draw()
  }

  /** Stop drawing. */
  remove(): void {
    observer.unobserve(this.canvas)
    sizes.unobserve(this.canvas)
    drawn.delete(this)
  }

  /** Draw in another size, in pixels of CSS. */
  resize({ width, height }: { readonly width: number; readonly height: number }): void {
    this.#width = width
    this.#height = height
    if (visible.has(this.canvas)) this.draw()
  }

  /** Draw the values. */
  draw(): void {
    const { canvas } = this
    const [width, height] = [this.#width, this.#height]
    const context = canvas.getContext('2d')
    if (context === null || width === 0) return
    const ratio = devicePixelRatio
    if (canvas.width !== Math.round(width * ratio)) {
      canvas.width = Math.round(width * ratio)
      canvas.height = Math.round(height * ratio)
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0)
    context.clearRect(0, 0, width, height)
    const line = this.#path(width, height)
    if (line === undefined) return
    const { accent, 'accent-soft': soft } = palette()
    const area = new Path2D(line)
    area.lineTo(width, height)
    area.lineTo(0, height)
    context.fillStyle = soft
    context.fill(area)
    context.strokeStyle = accent
    context.lineWidth = LINE_PX
    context.lineJoin = 'round'
    context.stroke(line)
  }

  #path(width: number, height: number): Path2D | undefined {
    const values = this.#values
    if (values.length < 2) return undefined
    const max = Math.max(...values)
    const path = new Path2D()
    for (const [index, value] of values.entries()) {
      const x = (index / (values.length - 1)) * width
      const y = height - LINE_PX - (max > 0 ? value / max : 0) * (height - 2 * LINE_PX)
      if (index === 0) path.moveTo(x, y)
      else path.lineTo(x, y)
    }
    return path
  }
}
