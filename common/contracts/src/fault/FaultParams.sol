// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Manager} from "../core/Manager.sol";
import {Names} from "../core/Names.sol";
import {Perc} from "../core/Perc.sol";
import {IBondingManager} from "../bonding/IBondingManager.sol";

// The dials of fault verification and who may judge. One rule ties them to the
// rest: a lock made in a receipt's round must not mature before a slash for it
// can be executed.
abstract contract FaultParams is Manager {
    struct Params {
        uint256 slashAmount; // PERC
        uint256 finderFee; // PERC of the penalty
        uint256 maxSlashesPerRound;
        uint256 window; // rounds in which a receipt can be challenged
        uint256 timeout; // rounds that a verifier has
        uint256 bond; // wei
    }

    uint8 internal constant DETERMINISTIC = 2;
    // A higher bounty would pay for slashing oneself.
    uint256 private constant MAX_FINDER_FEE = 500000;

    Params public params =
        Params({
            slashAmount: 100000,
            finderFee: 200000,
            maxSlashesPerRound: 3,
            window: 3,
            timeout: 2,
            bond: 0.01 ether
        });

    mapping(address => uint8) public verifierKind;
    // broadcaster, who may challenge with its receipts
    mapping(address => mapping(address => bool)) public isChallenger;

    event ChallengerUpdate(address indexed broadcaster, address indexed challenger, bool allowed);
    event VerifierApproval(address indexed verifier, uint8 kind);

    function setChallenger(address challenger, bool allowed) external {
        isChallenger[msg.sender][challenger] = allowed;
        emit ChallengerUpdate(msg.sender, challenger, allowed);
    }

    function approveVerifier(address verifier, uint8 kind) external onlyControllerOwner {
        require(kind <= DETERMINISTIC, "invalid verifier kind");
        verifierKind[verifier] = kind;
        emit VerifierApproval(verifier, kind);
    }

    function setSlashParams(
        uint256 slashAmount,
        uint256 finderFee,
        uint256 maxSlashesPerRound
    ) external onlyControllerOwner {
        require(slashAmount <= Perc.PERC, "invalid slash amount");
        require(finderFee <= MAX_FINDER_FEE, "invalid finder fee");
        require(maxSlashesPerRound >= 1, "invalid slash cap");
        params.slashAmount = slashAmount;
        params.finderFee = finderFee;
        params.maxSlashesPerRound = maxSlashesPerRound;
        emit ParameterUpdate("slashParams");
    }

    function setChallengeParams(uint256 window, uint256 timeout, uint256 bond) external onlyControllerOwner {
        uint256 period = bonding().unbondingPeriod();
        require(
            window <= period && timeout <= period && window + timeout + 2 <= period,
            "window exceeds unbonding period"
        );
        params.window = window;
        params.timeout = timeout;
        params.bond = bond;
        emit ParameterUpdate("challengeParams");
    }

    // Governance may have shortened the unbonding period meanwhile.
    function lastChallengeRound(uint256 receiptRound) internal view returns (uint256) {
        uint256 period = bonding().unbondingPeriod();
        require(period >= params.timeout + 2, "challenge window closed");
        uint256 room = period - params.timeout - 2;
        return receiptRound + (params.window < room ? params.window : room);
    }

    function bonding() internal view returns (IBondingManager) {
        return IBondingManager(controller.getContract(Names.BONDING_MANAGER));
    }
}
