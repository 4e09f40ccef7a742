import QuernKernels
import QuernMachine

/// The C text that must stand once before generated functions.
public enum Prelude {
  /// Types, constants and macros that a target's blocks use.
  ///
  /// - Parameters:
  ///   - target: the instruction set of the blocks.
  ///   - others: those of blocks beside them: `Target.avx2` beside `Target.avx512`.
  public static func text(for target: Target, beside others: Set<Target> = []) -> String {
    let targets = [target] + Target.all.filter { $0 != target && others.contains($0) }
    return targets.reduce(String(cString: quern_prelude_common())) {
      $0 + $1.family.implementation.prelude(for: $1)
    }
  }

  /// A macro of the prelude, to be written before the return type of every function that contains
  /// blocks: the attribute by which gcc and clang allow the target's instructions there.
  public static let functionAttribute = "QUERN_KERNEL"
}
