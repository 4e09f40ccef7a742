import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite(.serialized) struct ReadmeTests {
  private func contents(_ path: String) throws -> String {
    let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    return try String(decoding: Data(contentsOf: URL(filePath: "/\(root)/\(path)")), as: UTF8.self)
  }

  @Test func theExampleIsTheOneThatIsTested() throws {
    let example = try contents("Tests/QuernTests/ReadmeExample.swift")
    #expect(example.split(separator: "\n").count >= 20)
    #expect(try contents("README.md").contains("```swift\n" + example + "```\n"))
  }

  /// The example writes into the present folder.
  @Test func theExampleLearns() throws {
    var template = Array("/tmp/quern-readme-XXXXXX".utf8CString)
    let folder = try #require(mkdtemp(&template).map { String(cString: $0) })
    let before = try #require(getcwd(nil, 0))
    defer {
      chdir(before)
      free(before)
      unlink(folder + "/digits.safetensors")
      rmdir(folder)
    }
    chdir(folder)
    #expect(try readsDigits() >= 0.95)
  }
}
