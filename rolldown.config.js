import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { transform } from 'esbuild'

const STYLES = ['theme', 'layout', 'headline', 'charts', 'tables', 'messages']

/**
 * Bundles what an engine thread loads into one file. Node takes some 0.5 ms for each file that it
 * loads, and the recorder consists of 40 small ones. Rolldown keeps `const` declarations; bundlers
 * that make them `var` take constants from the optimizer, and `record` takes 1.5 times as long.
 */
const recorder = {
  input: 'src/recorder/index.ts',
  platform: 'node',
  plugins: [
    {
      name: 'shared-error-class',
      // `instanceof MoonmeterError` holds for errors of both entries, so both load this file.
      resolveId: (specifier) =>
        /^\.{1,2}\/errors\.js$/.test(specifier) ? { id: '../errors.js', external: true } : null,
    },
  ],
  external: /^[^./]/,
  output: {
    file: 'dist/src/recorder/bundle.js',
    comments: { jsdoc: false },
    sourcemap: true,
    sourcemapExcludeSources: true,
  },
}

/** The builders of Grafana's SDK that the dashboard uses. */
const BUILDERS = [
  ...['dashboard', 'datasourceVariable', 'queryVariable', 'row', 'thresholdsConfig'],
  ...['reduceDataOptions', 'vizLegendOptions', 'vizTooltipOptions'],
  ...['panel', 'dataquery', 'heatmapColorOptions', 'yAxisConfig'],
]
const BUILDER_FILE = /\/(\w+)Builder\.gen$/
const UNUSED = '\0unused-builder'

/**
 * Bundles the dashboard with what it uses of Grafana's SDK, in place of the compiled file of that
 * name. The SDK has 11 MB, all of which would be installed with this package.
 */
const dashboard = {
  input: 'src/grafana/dashboard.ts',
  platform: 'node',
  plugins: [
    {
      name: 'other-folders-apart',
      // The catalogue and the error class exist once.
      resolveId: (specifier, importer = '') =>
        specifier.startsWith('../') && /[\\/]src[\\/]grafana[\\/]/.test(importer)
          ? { id: specifier, external: true }
          : null,
    },
    {
      name: 'unused-builders',
      // The SDK is CommonJS, of which bundlers keep all files: 439 kB instead of 120.
      resolveId: (specifier) => {
        const [, builder] = BUILDER_FILE.exec(specifier) ?? []
        return builder === undefined || BUILDERS.includes(builder) ? null : UNUSED
      },
      load: (id) => (id === UNUSED ? 'export {}' : null),
    },
  ],
  output: {
    file: 'dist/src/grafana/dashboard.js',
    minify: true,
    // The licences of what is bundled ask for their notices.
    banner: `/*!
 * Contains parts of @grafana/grafana-foundation-sdk, bundled and minified:
 * Copyright 2024 Grafana Labs, Apache License 2.0 (see LICENSE of this package).
 * Contains parts of tslib: Copyright (c) Microsoft Corporation, 0BSD.
 */`,
  },
}

/** What the modules of the page import of Node, which browsers do not have. */
const STUBS = {
  // `src/endianness.ts` refuses other processors; no browser runs on one.
  'node:os': "export const endianness = () => 'LE'",
  // `src/describe.ts` tells proxies apart in messages of options; the page has no such options.
  'node:util': 'export const types = { isProxy: () => false }',
}

/** The licences of what the page contains ask for their notices. */
const LICENCES = ['uplot', 'eventsource-parser'].map(
  (name) => `Contains ${name}:\n${readFileSync(`node_modules/${name}/LICENSE`, 'utf8').trim()}\n`,
)

/**
 * Bundles the page that `dashboardHandler` serves: one script, one style sheet and index.html. They
 * become strings of one module, so that a user's bundle contains them: a bundle has no files beside
 * its modules.
 */
const page = {
  input: 'src/page/main.ts',
  platform: 'browser',
  plugins: [
    {
      name: 'browser-stubs',
      resolveId: (specifier) => (specifier in STUBS ? { id: `\0${specifier}` } : null),
      load: (id) => STUBS[id.slice(1)] ?? null,
    },
    {
      name: 'page-assets',
      async generateBundle(_options, bundle) {
        const uplot = fileURLToPath(import.meta.resolve('uplot/dist/uPlot.min.css'))
        const styles = [uplot, ...STYLES.map((name) => `src/page/styles/${name}.css`)]
        const text = styles.map((file) => readFileSync(file, 'utf8')).join('\n')
        const { code } = await transform(text, { loader: 'css', minify: true })
        const files = {
          'index.html': readFileSync('src/page/index.html', 'utf8'),
          'page.js': bundle['page.js'].code,
          'page.css': code,
        }
        delete bundle['page.js']
        const source = `export const PAGE_FILES = ${JSON.stringify(files)}\n`
        this.emitFile({ type: 'asset', fileName: 'built-page.js', source })
      },
    },
  ],
  output: {
    dir: 'dist/src/dashboard',
    entryFileNames: 'page.js',
    minify: true,
    banner: `/*!\n${LICENCES.join('\n')}\n*/`,
  },
}

// biome-ignore lint/style/noDefaultExport: Rolldown reads the default export.
export default [recorder, dashboard, page]
