import QuernGraph

/// What a storage is for, and so who may place it where: all lie in one arena today.
public enum MemorySpace: String, Hashable, Sendable, CaseIterable {
  /// Parameters.
  case weights
  /// What is made of parameters before the first step: see ``Program/preparedCount``.
  case prepared
  /// Optimiser state, running averages: kept from step to step.
  case state
  /// What the host writes before a step and reads after it.
  case inputOutput = "input/output"
  /// Values that kernels hand to each other within a step.
  case scratch
  /// The same within a ``Region``: each thread has its own.
  case perThread = "per thread"

  /// - Parameters:
  ///   - role: of an input; nil where the tensor is none.
  ///   - isOutput: whether the host reads it after the step.
  init(role: Input.Role?, isOutput: Bool, isPrepared: Bool) {
    switch role {
    case .parameter: self = .weights
    case .state: self = .state
    case .data, .hyperparameter: self = .inputOutput
    case nil: self = isOutput ? .inputOutput : isPrepared ? .prepared : .scratch
    }
  }
}
