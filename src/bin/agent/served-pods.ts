// Which of this board's pods Services lead new clients to, as boards were told last.
import type { BoardService } from '../../api/board-service.ts';
import type { ServedPods } from '../../kubelet/ports.ts';

export interface KnownServices {
  current(): ReadonlyMap<string, BoardService> | undefined;
  onChange(listener: () => void): () => void;
}

export function servedPods(services: KnownServices): ServedPods {
  return {
    isServed: (uid) => [...(services.current()?.values() ?? [])].some((service) => leadsTo(service, uid)),
    onChange: (listener) => services.onChange(listener),
  };
}

/** Who is going gets no new clients, whether it is ready or not, as long as there is another. */
function leadsTo({ slices }: BoardService, uid: string): boolean {
  return slices.some(({ endpoints }) =>
    endpoints.some(
      ({ targetRef, conditions }) =>
        targetRef?.uid === uid && conditions?.ready !== false && conditions?.terminating !== true,
    ),
  );
}
