@main struct QuernCommand { static func main() { print("quern") } }
