// Reads simulations as JSON lines and answers each with iam-simulate's verdict.
import { runSimulation } from '@cloud-copilot/iam-simulate'
import { createInterface } from 'node:readline'

for await (const line of createInterface({ input: process.stdin })) {
  const answer = await runSimulation(JSON.parse(line), {})
  console.log(JSON.stringify({ result: answer.overallResult ?? 'error', errors: answer.errors }))
}
