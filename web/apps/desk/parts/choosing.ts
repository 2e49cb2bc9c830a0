/** Choosing rows of a list by their boxes: one by one, or all that can be. */
export function choosing<Id>(
  able: readonly Id[],
  chosen: ReadonlySet<Id>,
  onChoose: (chosen: ReadonlySet<Id>) => void,
) {
  const areAll = able.length > 0 && able.every((id) => chosen.has(id));
  return {
    areAll,
    toggle(id: Id) {
      const changed = new Set(chosen);
      if (!changed.delete(id)) changed.add(id);
      onChoose(changed);
    },
    toggleAll: () => onChoose(new Set(areAll ? [] : able)),
  };
}
