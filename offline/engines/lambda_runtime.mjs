// What runs inside the process of a Node.js function: the part that AWS calls the runtime.
//
// Node's own modules only. `node lambda_runtime.mjs <requests fd> <answers fd>` talks as lambda_runtime.py
// does: lengths (4 bytes each, big endian), a JSON head and the event come in; a status, a length and the
// handler's result go out. Between two events nothing of the function runs, as on AWS.
//
// Source: AWS Lambda Developer Guide, "Building Lambda functions with Node.js".
import fs from "node:fs";
import https from "node:https";
import { createRequire, registerHooks } from "node:module";
import net from "node:net";
import path from "node:path";
import { pathToFileURL } from "node:url";
import util from "node:util";

const FINE = 0;
const FAILED = 1;
const MALFORMED_EVENT = 2;
const ENDED = 3;
const EXTENSIONS = ["", ".js", ".mjs", ".cjs"];
const LEVELS = {
  log: "INFO",
  info: "INFO",
  warn: "WARN",
  error: "ERROR",
  debug: "DEBUG",
  trace: "TRACE",
  fatal: "FATAL",
};

const [requests, answers] = process.argv.slice(2).map(Number);
const env = process.env;
const taskRoot = env.LAMBDA_TASK_ROOT;
const release = Number.parseInt(env.AWS_EXECUTION_ENV.replace("AWS_Lambda_nodejs", ""), 10);
const require = createRequire(path.join(taskRoot, "index.js"));
const structured = env.AWS_LAMBDA_LOG_FORMAT === "JSON";
let requestId = "";

class Refused extends Error {
  constructor(kind, message) {
    super(message);
    Object.defineProperty(this, "name", { value: kind });
  }
}

function read(length) {
  const buffer = Buffer.alloc(length);
  for (let at = 0; at < length; ) {
    const count = fs.readSync(requests, buffer, at, length - at, null);
    if (count === 0) process.exit(0);
    at += count;
  }
  return buffer;
}

function send(status, text) {
  const body = Buffer.from(text);
  const frame = Buffer.alloc(8 + body.length);
  frame.writeUInt32BE(status, 0);
  frame.writeUInt32BE(body.length, 4);
  body.copy(frame, 8);
  for (let at = 0; at < frame.length; ) at += fs.writeSync(answers, frame, at);
}

/** An error as Lambda answers it; the frames of this file are left out. */
function failure(error) {
  const [errorType, errorMessage] =
    error instanceof Error ? [error.name, error.message] : [typeof error, util.format(error)];
  const trace = framesOf(error);
  const text = `Invoke Error \t${JSON.stringify({ errorType, errorMessage, stack: trace })}`;
  write("ERROR", structured ? (error instanceof Error ? error : new Error(errorMessage)) : text);
  return JSON.stringify({ errorType, errorMessage, trace });
}

function framesOf(error) {
  return (error?.stack ?? "").split("\n").filter((line) => !line.includes(import.meta.url));
}

function write(level, ...parts) {
  fs.writeSync(1, `${(structured ? jsonLine : line)(level, parts)}\n`);
}

/** A line as the runtime writes it: time, request, level, message, between tabs. */
function line(level, parts) {
  const text = `${new Date().toISOString()}\t${requestId}\t${level}\t${util.format(...parts)}`;
  return text.replaceAll("\n", "\r");
}

/** A line in JSON: one part is the message as it is; of several it is text, beside the first error's parts. */
function jsonLine(level, parts) {
  const head = { timestamp: new Date().toISOString(), level, requestId: requestId || undefined };
  if (parts.length !== 1) {
    const error = parts.find((part) => part instanceof Error);
    return JSON.stringify({ ...head, message: util.format(...parts), ...(error && partsOf(error)) });
  }
  try {
    const replacer = (_, value) => (value instanceof Error ? { ...partsOf(value), ...value } : value);
    return JSON.stringify({ ...head, message: parts[0] }, replacer);
  } catch {
    return JSON.stringify({ ...head, message: util.format(parts[0]) });
  }
}

function partsOf(error) {
  const errorType = error instanceof Refused ? error.name.replace("Runtime.", "") : error.constructor?.name;
  return { errorType: errorType ?? "UnknownError", errorMessage: error.message, stackTrace: framesOf(error) };
}

for (const [name, level] of Object.entries(LEVELS)) {
  console[name] = (...parts) => write(level, ...parts);
}

/** HTTPS to the account's host reaches the account, which speaks plain HTTP here. */
class Agent extends https.Agent {
  createConnection(options, ...rest) {
    const account = new URL(env.AWS_ENDPOINT_URL);
    if (options.host !== account.hostname) return super.createConnection(options, ...rest);
    return net.connect(Number(account.port), account.hostname);
  }
}

https.globalAgent = new Agent({ keepAlive: true });

// An ECMAScript module finds what NODE_PATH holds only by way of this.
registerHooks({
  resolve(specifier, context, next) {
    try {
      return next(specifier, context);
    } catch (error) {
      if (error.code !== "ERR_MODULE_NOT_FOUND" || /^[./]|^\w+:/.test(specifier)) throw error;
      return next(pathToFileURL(require.resolve(specifier)).href, context);
    }
  },
});

/** The handler that `file.name` or `folder/file.name.of.it` names. */
async function load(text) {
  const base = path.basename(text);
  const dot = base.indexOf(".");
  const place = path.join(taskRoot, path.dirname(text), base.slice(0, dot));
  const file = EXTENSIONS.map((end) => place + end).find((one) => fs.statSync(one, { throwIfNoEntry: false })?.isFile());
  if (!file) throw new Refused("Runtime.ImportModuleError", `Error: Cannot find module '${path.basename(place)}'`);
  let found = await imported(file);
  for (const name of base.slice(dot + 1).split(".")) found = found?.[name];
  if (found === undefined) throw new Refused("Runtime.HandlerNotFound", `${text} is undefined or not exported`);
  if (typeof found !== "function") throw new Refused("Runtime.HandlerNotFound", `${text} is not a function`);
  if (release >= 24 && found.length >= 3) {
    throw new Refused(
      "Runtime.CallbackHandlerDeprecated",
      `${text} takes a callback, which handlers in Node.js 24 and later cannot: make it async`,
    );
  }
  return found;
}

async function imported(file) {
  try {
    if (file.endsWith(".mjs")) return await import(pathToFileURL(file).href);
    try {
      return require(file);
    } catch (error) {
      if (error.code !== "ERR_REQUIRE_ASYNC_MODULE") throw error;
      return await import(pathToFileURL(file).href);
    }
  } catch (error) {
    if (error instanceof SyntaxError) throw new Refused("Runtime.UserCodeSyntaxError", String(error));
    if (["MODULE_NOT_FOUND", "ERR_MODULE_NOT_FOUND"].includes(error?.code)) {
      throw new Refused("Runtime.ImportModuleError", `${error}${hint(error.message)}`);
    }
    throw error;
  }
}

function hint(message) {
  if (!/'@(aws-sdk|smithy)\//.test(message)) return "";
  const folder = env.LAMBDA_SDK;
  const clients = path.join(folder, "@aws-sdk");
  const there = fs.existsSync(clients) ? fs.readdirSync(clients).filter((one) => one.startsWith("client-")) : [];
  return there.length > 0
    ? `\nOffline the SDK has these: ${there.join(", ")}; package others with the function`
    : `\nOffline the SDK of Node.js functions is installed by: make sdk`;
}

/** The handler's answer, whichever way it gives one. */
async function call(handler, head, event) {
  const deadline = Date.now() + 1000 * head.timeout_seconds;
  const context = {
    callbackWaitsForEmptyEventLoop: true,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    invokedFunctionArn: head.arn,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    awsRequestId: head.request_id,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: head.client_context,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
  return release >= 24 ? handler(event, context) : called(handler, event, context);
}

/** Up to Node.js 22 a handler that returns no promise answers by its callback, or with null when all is done. */
function called(handler, event, context) {
  return new Promise((resolve, reject) => {
    const whenIdle = () => setImmediate(resolve, null);
    const callback = (error, result) => {
      process.off("beforeExit", whenIdle);
      const settle = () => (error ? reject(error) : resolve(result));
      if (error || !context.callbackWaitsForEmptyEventLoop) settle();
      else process.once("beforeExit", () => setImmediate(settle));
    };
    context.done = callback;
    context.succeed = (result) => callback(null, result);
    context.fail = (error) => callback(error ?? new Error("undefined"));
    const returned = handler(event, context, callback);
    if (typeof returned?.then === "function") returned.then(resolve, reject);
    else process.once("beforeExit", whenIdle);
  });
}

async function answered(handler, error, head, body) {
  if (error) return [FAILED, failure(error)];
  let event;
  try {
    event = JSON.parse(body.length > 0 ? body.toString() : "{}");
  } catch (problem) {
    return [MALFORMED_EVENT, String(problem.message)];
  }
  try {
    return [FINE, stringified(await call(handler, head, event))];
  } catch (problem) {
    return [FAILED, failure(problem)];
  }
}

function stringified(result) {
  try {
    return JSON.stringify(result === undefined ? null : result) ?? "null";
  } catch {
    throw new Refused("Runtime.JSONStringifyError", "Unable to stringify response body");
  }
}

/** What nobody caught ends the process, and answers the event that was under way. */
function end(error) {
  send(ENDED, failure(error));
  process.exit(1);
}

let handler;
let error;
try {
  handler = await load(env._HANDLER);
} catch (problem) {
  error = problem;
}
send(FINE, "");
process.on("uncaughtException", end);
process.on("unhandledRejection", (reason) =>
  end(new Refused("Runtime.UnhandledPromiseRejection", String(reason))),
);
for (;;) {
  const lengths = read(8);
  const head = JSON.parse(read(lengths.readUInt32BE(0)).toString());
  const body = read(lengths.readUInt32BE(4));
  requestId = head.request_id;
  send(...(await answered(handler, error, head, body)));
}
