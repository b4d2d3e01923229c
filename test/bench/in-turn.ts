// Who is measured when.

/** Forwards in one round, backwards in the next: who comes after whom is not to favour anybody. */
export const inTurn = <T>(contenders: readonly T[], round: number): readonly T[] =>
  round % 2 === 0 ? contenders : contenders.toReversed();
