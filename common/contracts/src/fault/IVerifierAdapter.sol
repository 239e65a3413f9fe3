// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

// The socket that a judge of work plugs into.
interface IVerifierAdapter {
    struct Claim {
        address orchestrator;
        bytes32 serviceId;
        bytes32 sourceHash;
        bytes32 profileHash;
        bytes32 renditionHash;
        string dataURI;
    }

    event TaskSubmitted(
        bytes32 indexed id,
        address orchestrator,
        bytes32 serviceId,
        bytes32 sourceHash,
        bytes32 profileHash,
        bytes32 renditionHash,
        string dataURI
    );

    // Wei that one task consumes.
    function fee() external view returns (uint256);

    function submit(bytes32 id, Claim calldata claim) external payable;
}

interface IFaultVerifier {
    // 1: the work is right, 2: it is not, 3: the data to judge by is not there.
    function onVerified(bytes32 id, uint8 outcome) external;
}
