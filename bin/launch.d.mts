// Types of `launch.mjs`, for its tests.

interface Machine {
  readonly platform?: string;
  readonly arch?: string;
  readonly musl?: boolean;
}

export declare function findBun(root: string, machine?: Machine): string | undefined;
export declare function runBun(root: string, args: readonly string[]): void;
export declare function environment(
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string | undefined>>;
