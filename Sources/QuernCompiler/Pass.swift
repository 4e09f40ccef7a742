import QuernErrors
import QuernPasses

/// A step of the compiler: a name, what it takes and what it makes of that.
public struct Pass: Sendable {
  /// Unique in the list: `fast-convolutions`.
  public let name: String
  /// What it does, in a line.
  public let summary: String
  /// The ``CompilerForm/name`` of what it takes, and of what it makes.
  public let input: String
  public let output: String
  /// The pass that may have to run again because of what this one finds.
  public let restart: String?

  /// What a pass leads to.
  enum Outcome: Sendable {
    case form(any CompilerForm)
    /// The list goes on at the pass ``Pass/restart``, with this form.
    case restart(any CompilerForm)
  }

  let run: @Sendable (any CompilerForm, CompilerContext) throws -> Outcome

  /// A pass that makes one form of another.
  package init<Input: CompilerForm, Output: CompilerForm>(
    _ name: String, _ summary: String,
    _ work: @escaping @Sendable (Input, CompilerContext) throws -> Output
  ) {
    self.init(name, summary, restart: nil, Input.self, Output.self) { input, context in
      .form(try work(input, context))
    }
  }

  /// A pass that may find that an earlier one must run again.
  init<Input: CompilerForm, Output: CompilerForm>(
    _ name: String, _ summary: String, restart: String?, _ input: Input.Type,
    _ output: Output.Type,
    _ work: @escaping @Sendable (Input, CompilerContext) throws -> Outcome
  ) {
    self.name = name
    self.summary = summary
    self.restart = restart
    self.input = Input.name
    self.output = Output.name
    run = { form, context in
      guard let form = form as? Input else {
        throw QuernError(
          "pass \(name)", "it takes \(Input.name), and is given \(type(of: form).name)",
          remedy: "order the list of passes so that each takes what the one before it makes")
      }
      return try work(form, context)
    }
  }
}

/// What passes are given beside the form.
package struct CompilerContext: Sendable {
  package var options: CompilerOptions
  /// Takes the C part by part while it is being written, on any thread.
  var part: (@Sendable (String) -> Void)?
}
