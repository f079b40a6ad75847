import { type LoadReport, OpenLoop } from "./open-loop.js";
import { prepare, type Question } from "./question.js";

/** What the generator's process is told: the questions are asked in turn. */
export interface LoadPlan {
  readonly host: string;
  readonly port: number;
  /** Local address, for a peer of its own. */
  readonly from?: string;
  readonly connections: number;
  /** Requests a second; absent: as fast as answers come. */
  readonly rate?: number;
  readonly seconds: number;
  readonly questions: readonly Question[];
}

export type GeneratorNotice = { readonly report: LoadReport } | { readonly error: string };

/** The load generator in a process of its own, so that nobody else's work delays its clock. */
process.once("message", (plan: LoadPlan) => {
  const questions = plan.questions.map(prepare);
  const load = new OpenLoop({
    ...plan,
    rate: plan.rate ?? Number.POSITIVE_INFINITY,
    request: (n) => (questions[n % questions.length] as (typeof questions)[number])(),
  });
  load.run().then(
    (report) => tell({ report }),
    (error: Error) => tell({ error: error.message }),
  );
});

function tell(notice: GeneratorNotice): void {
  process.send?.(notice, () => process.disconnect());
}
