import Quern

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Arguments that make no sense, in one line.
struct Failure: Error, CustomStringConvertible {
  var description: String
  init(_ description: String) { self.description = description }
}

/// What to measure: the workers' arguments, `--name value` each.
struct Job {
  enum Step: String { case train, infer }

  var network: String
  var step: Step
  var threads: Int
  var weights: String
  var batch: String
  var backend = Backend.standard
  var target = Target.best

  /// - Parameter arguments: `--variant` is empty, a target, or `interpreter`.
  init(_ arguments: some Collection<String>) throws {
    var values: [String: String] = [:]
    var words = Array(arguments)[...]
    while let name = words.popFirst() {
      guard name.hasPrefix("--"), let value = words.popFirst() else {
        throw Failure("\(name): give --name and its value")
      }
      values[name] = value
    }
    func value(_ name: String) throws -> String {
      guard let value = values[name] else { throw Failure("\(name) is missing") }
      return value
    }
    network = try value("--network")
    weights = try value("--weights")
    batch = try value("--batch")
    guard let step = try Step(rawValue: value("--step")) else {
      throw Failure("--step: give train or infer")
    }
    self.step = step
    guard let threads = try Int(value("--threads")) else {
      throw Failure("--threads: give a number")
    }
    self.threads = threads
    let variant = values["--variant"] ?? ""
    if variant == Backend.interpreter.rawValue {
      backend = .interpreter
    } else if !variant.isEmpty {
      guard let target = Target(variant) else {
        throw Failure("--variant \(variant): give a target or interpreter")
      }
      self.target = target
    }
  }
}

func flushOutput() { fflush(nil) }

/// Ends the process with a message.
func complain(_ message: String) -> Never {
  let bytes = Array((message + "\n").utf8)
  _ = write(2, bytes, bytes.count)
  exit(2)
}
