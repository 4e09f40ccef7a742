import Foundation

/// C compilers of the machine, which some tests need.
enum CToolchain {
  /// In the PATH, or where the Swift toolchain keeps its own.
  static let clang: String? = find("clang") ?? besideSwift("clang")
  /// The system's own compiler.
  static let system: String? = find("cc") ?? find("gcc")

  /// Whether clang makes programs that run with its sanitizers.
  static let checksAddresses = clang.map { runs($0, ["-fsanitize=address,undefined"]) } ?? false
  /// A compiler whose programs run with a thread sanitizer; the Swift toolchain's lacks libraries.
  static let threadChecker = [clang, system].compactMap { $0 }
    .first { runs($0, ["-fsanitize=thread"]) }

  private static func find(_ name: String) -> String? {
    (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
      .map { "\($0)/\(name)" }.first(where: FileManager.default.isExecutableFile(atPath:))
  }

  private static func besideSwift(_ name: String) -> String? {
    guard let swift = find("swift") else { return nil }
    let path = URL(fileURLWithPath: swift).resolvingSymlinksInPath()
      .deletingLastPathComponent().appendingPathComponent(name).path
    return FileManager.default.isExecutableFile(atPath: path) ? path : nil
  }

  private static func runs(_ compiler: String, _ flags: [String]) -> Bool {
    let result = try? inTemporaryFolder { folder in
      let text = folder.appendingPathComponent("try.c")
      let program = folder.appendingPathComponent("try").path
      try Data("int main(void) { return 0; }\n".utf8).write(to: text)
      let built = try run(compiler, flags + ["-o", program, text.path])
      return try built.status == 0 && run(program, []).status == 0
    }
    return result ?? false
  }

  /// A folder that is gone afterwards.
  static func inTemporaryFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("quern-tests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder)
  }

  /// Runs a program to its end; gives back its status, and what it wrote to standard error.
  static func run(_ path: String, _ arguments: [String]) throws -> (status: Int32, text: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    let errors = Pipe()
    process.standardError = errors
    try process.run()
    let text = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let status = process.terminationReason == .exit ? process.terminationStatus : -1
    return (status, String(decoding: text, as: UTF8.self))
  }
}
