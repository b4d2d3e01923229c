// The life of everything that runs: constructors only assign, start() acts, stop() undoes.

export interface Component {
  /** Resolves once the component does its work. */
  start(): Promise<void>;
  /** Undoes start(); resolves once nothing of it runs any more. Safe to call twice. */
  stop(): Promise<void>;
}

/** Starts in the given order; stops in the reverse. A failing start stops what already runs. */
export function sequence(components: readonly Component[]): Component {
  const running: Component[] = [];
  const stopAll = async () => {
    for (const component of running.splice(0).reverse()) await component.stop();
  };
  return {
    async start() {
      for (const component of components) {
        try {
          await component.start();
        } catch (error) {
          await stopAll();
          throw error;
        }
        running.push(component);
      }
    },
    stop: stopAll,
  };
}
