/** The live page: `moonmeter/dashboard`, which servers without it do not load. */
export { dashboardHandler } from './dashboard-handler.js'
export type { DashboardOptions } from './dashboard-options.js'
