import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { expireSilence } from "../api/alerting";

/** Ends a silence now. It can be made again, so nobody is asked twice. */
export function ExpireButton({ id, onDone }: { id: string; onDone?: () => void }) {
  const client = useQueryClient();
  const expire = useMutation({
    mutationFn: () => expireSilence(id),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["alertmanager"] });
      onDone?.();
    },
  });
  return (
    <>
      <Button
        variant="default"
        color="red"
        size="compact-sm"
        loading={expire.isPending}
        onClick={() => expire.mutate()}
      >
        End it now
      </Button>
      {expire.error && <span role="alert">{expire.error.message}</span>}
    </>
  );
}
