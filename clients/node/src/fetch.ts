/** Making a request once, however many wait for it. */

/** One request at a time for one thing; who comes meanwhile waits for it and makes none. */
export class Fetch {
  finishedAt = -Infinity;
  failed = false;
  #running: Promise<void> | undefined;

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  run(request: () => Promise<boolean>, timer: () => number): Promise<void> {
    this.#running ??= request()
      .then(
        (succeeded) => {
          this.failed = !succeeded;
        },
        (error: unknown) => {
          this.failed = true;
          throw error;
        },
      )
      .finally(() => {
        this.finishedAt = timer();
        this.#running = undefined;
      });
    return this.#running;
  }
}
