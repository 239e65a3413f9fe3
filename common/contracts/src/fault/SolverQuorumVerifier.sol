// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Manager} from "../core/Manager.sol";
import {VerifierAdapter} from "./VerifierAdapter.sol";

// m of n known accounts re-encode and vote. Votes are committed before any is
// shown, so that nobody can copy instead of working.
contract SolverQuorumVerifier is VerifierAdapter {
    struct Task {
        uint256 run; // counts submissions: an expired case may come again
        uint256 commitEnd; // block
        uint256 committed;
        uint256 reward;
        bool open;
    }

    // Solvers are set by governance; the cap bounds the loop over a majority.
    uint256 private constant MAX_SOLVERS = 32;

    uint256 public immutable commitBlocks;
    uint256 public threshold;
    uint256 public solverCount;
    mapping(address => bool) public isSolver;
    mapping(address => uint256) public earned;

    mapping(bytes32 => Task) private tasks;
    mapping(bytes32 => mapping(address => bytes32)) private commitments; // by voteKey
    mapping(bytes32 => mapping(uint8 => address[])) private voters; // by voteKey, outcome

    event VoteRevealed(bytes32 indexed id, address indexed solver, uint8 outcome);

    modifier onlySolver() {
        require(isSolver[msg.sender], "caller must be solver");
        _;
    }

    constructor(address controllerAddress, uint256 blocksToCommit) Manager(controllerAddress) {
        commitBlocks = blocksToCommit;
        threshold = 1;
    }

    function setSolver(address solver, bool enabled) external onlyControllerOwner {
        if (isSolver[solver] != enabled) {
            require(!enabled || solverCount < MAX_SOLVERS, "too many solvers");
            isSolver[solver] = enabled;
            solverCount = enabled ? solverCount + 1 : solverCount - 1;
        }
        emit ParameterUpdate("solver");
    }

    function setThreshold(uint256 count) external onlyControllerOwner {
        require(count > 0, "threshold must be greater than 0");
        threshold = count;
        emit ParameterUpdate("threshold");
    }

    function submit(bytes32 id, Claim calldata claim) external payable onlyFaultVerifier {
        // With less than a majority two outcomes could both win.
        require(threshold * 2 > solverCount && threshold <= solverCount, "threshold is no majority");
        Task storage task = tasks[id];
        task.run += 1;
        task.commitEnd = block.number + commitBlocks;
        task.committed = 0;
        task.reward += msg.value;
        task.open = true;
        announce(id, claim);
    }

    // commitment = keccak256(abi.encode(outcome, salt, solver))
    function commitVote(bytes32 id, bytes32 commitment) external onlySolver {
        Task storage task = tasks[id];
        require(task.open, "unknown task");
        require(!revealing(task), "commit phase is over");
        mapping(address => bytes32) storage list = commitments[voteKey(id, task)];
        require(commitment != 0, "empty commitment");
        require(list[msg.sender] == 0, "already committed");
        list[msg.sender] = commitment;
        task.committed += 1;
    }

    function revealVote(bytes32 id, uint8 outcome, bytes32 salt) external onlySolver {
        Task storage task = tasks[id];
        require(task.open, "unknown task");
        require(revealing(task), "commit phase is not over");
        bytes32 key = voteKey(id, task);
        require(
            commitments[key][msg.sender] == keccak256(abi.encode(outcome, salt, msg.sender)),
            "reveal does not match commitment"
        );
        // Not zero: a zero would let the same solver commit again.
        commitments[key][msg.sender] = bytes32(uint256(1));
        voters[key][outcome].push(msg.sender);
        emit VoteRevealed(id, msg.sender, outcome);
    }

    // Anybody may count. The fee goes to those who agreed.
    function finalize(bytes32 id) external {
        Task storage task = tasks[id];
        require(task.open, "unknown task");
        for (uint8 outcome = 1; outcome <= 3; outcome++) {
            address[] storage majority = voters[voteKey(id, task)][outcome];
            if (majority.length < threshold) continue;
            task.open = false;
            share(task, majority);
            answer(id, outcome);
            return;
        }
        revert("no quorum");
    }

    function withdrawFee() external {
        uint256 amount = earned[msg.sender];
        require(amount > 0, "no fee");
        earned[msg.sender] = 0;
        (bool sent, ) = msg.sender.call{value: amount}("");
        require(sent, "fee transfer failed");
    }

    function share(Task storage task, address[] storage majority) private {
        uint256 each = task.reward / majority.length;
        task.reward -= each * majority.length;
        for (uint256 i = 0; i < majority.length; i++) {
            earned[majority[i]] += each;
        }
    }

    function revealing(Task storage task) private view returns (bool) {
        return block.number > task.commitEnd || task.committed >= solverCount;
    }

    function voteKey(bytes32 id, Task storage task) private view returns (bytes32) {
        return keccak256(abi.encode(id, task.run));
    }
}
